import pg from 'pg';
const pool = new pg.Pool({
  host: config.host,
  port: 5432 // 5432
});
