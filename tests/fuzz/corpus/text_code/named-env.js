// process.env.PGPORT = '5432'
process.env.PGHOST = 'db'
process.env.PGPORT = '5432'
console.log(5432)
