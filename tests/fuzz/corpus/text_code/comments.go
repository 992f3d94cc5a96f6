/* "host=db port=5432" */
// "postgres://h:5432/d"
const port = 5432
var s = "5432"
var re = "^postgres://.*:5432"
