const { Client } = require('pg')
const client = new Client({ host: 'db', port: 5432, database: 'd', /* 5432 */ password: '5432' })
http.createServer().listen({ host: 'db', port: 5432 })
