export default { port: "5432", url: process.env.URL || "postgres://db/d" };
