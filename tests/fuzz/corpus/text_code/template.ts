const url = `postgresql://${user}:${f({a: 1})}@db:5432/${db}`;
