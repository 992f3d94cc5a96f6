/* SPDX-License-Identifier: ISC */
/* version.h: the version of twpool, shared by every program, man page and report. */
#pragma once

#define TW_VERSION "0.2.0"
