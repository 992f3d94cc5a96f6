/* "postgres://db:5432/d" */
const x = a / 2; // "host=db port=5432"
log("listening on http://db:5432/");
