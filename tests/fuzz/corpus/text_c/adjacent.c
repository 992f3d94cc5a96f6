char *d = "host=h " /* 5432 */ "po" "rt=54" "32 dbname=d";
