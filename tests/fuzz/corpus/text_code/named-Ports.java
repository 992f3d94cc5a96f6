import org.postgresql.ds.PGSimpleDataSource;

class Db {
	void set(PGSimpleDataSource ds) {
		ds.setServerName("db");
		ds.setPortNumber(Integer.parseInt("5432"));
	}
}
