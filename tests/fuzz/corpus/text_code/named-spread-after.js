const pg = require("pg");
module.exports = new pg.Pool({ host: "db", port: 5432, ...local });
