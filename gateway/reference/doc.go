// Package reference tells the language from its own tables: as JSON for
// "addongw schema" ([New]), and as the Markdown pages of spec/language
// ([Pages]), which a test compares with the files and rewrites with -update.
//
// What it says about a block, a setting, a name or a function stands in the
// table that the loader reads by; only the texts between are here, in pages/.
// It starts no plugins: whoever wants their pages hands their descriptions in.
//
// Read [Document] first.
package reference
