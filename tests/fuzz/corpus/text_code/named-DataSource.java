import org.postgresql.ds.PGSimpleDataSource;

class Db {
	static PGSimpleDataSource open() {
		PGSimpleDataSource ds = new PGSimpleDataSource();
		ds.setServerName("db");
		ds.setPortNumber(5432); // 5432
		server.setPort(5432);
		return ds;
	}
}
