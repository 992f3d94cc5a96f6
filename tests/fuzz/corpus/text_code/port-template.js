const u = `postgres://db:${port}/d`;
