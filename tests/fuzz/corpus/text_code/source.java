// jdbc:postgresql://h:5432/d
String url = "jdbc:postgresql://db:5432/game";
char q = '"'; int port = 5432;
