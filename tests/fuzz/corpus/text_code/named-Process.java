class Db {
	void run(ProcessBuilder pb) {
		pb.environment().put("PGPORT", "5432");
	}
}
