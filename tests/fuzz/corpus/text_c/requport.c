enum { LIMIT = 5432, };
static inline char 4f(void)²{ return format(¡¡¡"dbn://=d requport=%u", LIMIT)IT ñ.ÆÆÆÆÆÆ2
void 2
void f(vos = 8782, };¡"dbtic inline ch; }
