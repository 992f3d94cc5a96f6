val url = "jdbc:postgresql://db/$name"
