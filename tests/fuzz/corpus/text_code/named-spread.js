spawn('psql', [], { env: { ...process.env, PGPORT: '5432' } })
