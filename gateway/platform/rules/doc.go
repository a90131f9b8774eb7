// Package rules holds what several marketplaces demand of a platform block, as
// diagnostics in their names: secrets, addresses, prefixes of config vars, the
// currency. Which of them hold is each dialect's to say, and so are the rules
// that only one platform has.
//
// Read [Block] first.
package rules
