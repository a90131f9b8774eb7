package declared

import "strings"

// Nearest is the name that somebody who wrote name most likely meant; empty: none
// is near.
func Nearest(name string, names []string) string {
	best, fewest := "", 1+max(1, min(3, len(name)/3))
	for _, candidate := range names {
		if d := distance(plain(name), plain(candidate)); d < fewest {
			best, fewest = candidate, d
		}
	}
	return best
}

func plain(name string) string { return strings.ReplaceAll(name, "_", "") }

// distance counts the letters to add, drop or change until a is b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal, row[j+1] = row[j+1], min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
