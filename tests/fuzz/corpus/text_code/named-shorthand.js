const { Pool } = require("pg");
const port = 5432;
module.exports = new Pool({ host: "db", port, database: "d" });
