/* SPDX-License-Identifier: ISC */
#define COMPILED_DSN "dbname=%DB% user=game password=game"
