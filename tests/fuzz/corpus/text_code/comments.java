/** jdbc:postgresql://db:5432/d "jdbc:postgresql://db:5432/d" */
int p = 5432; // "jdbc:postgresql://db:5432/d"
