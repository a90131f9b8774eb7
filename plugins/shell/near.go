package shell

import (
	"os"
	"slices"
)

// actionsIn are the executables in a directory that could serve actions, by
// name.
func actionsIn(directory string) (names []string) {
	entries, _ := os.ReadDir(directory) // one that can't be read is complained of elsewhere
	for _, entry := range entries {
		info, err := os.Stat(directory + "/" + entry.Name()) // behind a link, too
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 && actionName.MatchString(entry.Name()) && !slices.Contains(reserved(), entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	return names
}
