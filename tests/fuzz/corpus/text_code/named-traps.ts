import pg from 'pg';
const port = 5432;
const x = a ? port : 5432;
switch (x) { case port: 5432 }
interface Options { host: string; port: number; database: string }
const r = new Redis({ host: 'db', port: 5432 });
mysql.createConnection({ host: 'db', port: 5432, database: 'd' });
server.listen({ host: 'db', port: 5432 });
