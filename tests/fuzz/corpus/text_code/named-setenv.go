package main

func main() {
	os.Setenv("PGHOST", "db") // PGPORT 5432
	os.Setenv("PGPORT", "5432")
}
