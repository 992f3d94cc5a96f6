export const db = new Sequelize('d', 'u', secret(), { host: 'db', port: 5432, dialect: 'postgres' });
