// Package config reads a directory of HCL files and gives either a checked
// configuration in plain Go or diagnostics, each with its place in a file.
//
// [Load] checks everything that can be checked before serving: names, types,
// references, what plugins say about their settings, what dialects say about
// theirs, that every config var can be rendered for every platform, plan and
// region, and that every rule can judge every request for them. All files are
// checked, and all problems are reported.
//
// Files may include other directories. A relative path in a file, whether of a
// setting, of a plugin's or of file(), begins at the directory of that file.
//
// An add-on is sold on platforms, each with its dialect; a provider rents servers
// to one platform, whose dialect knows its catalog. Both refer to backends, and
// they share one space of ids.
//
// A [Config] answers what the engine asks about its offers, and judges orders
// and changes of plan by the rules of the add-on: it satisfies
// lifecycle.Catalog without knowing that package. A request that a rule can't
// judge is never let through. It never changes; a reload
// loads another one.
//
// It starts no plugins and opens no database. One file holds one kind of
// block: its table, its decoding, its checks. Read [Load] first, then
// [Options].
package config
