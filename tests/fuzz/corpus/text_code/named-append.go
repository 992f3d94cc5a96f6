package main

func run(cmd *exec.Cmd) {
	cmd.Env = append(os.Environ(), "PGPORT=5432", "PGHOST=db")
}
