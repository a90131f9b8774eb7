package sql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway"
)

// Rename changes stored names, all at once. Add-ons come first: the renames of
// plans know them by their names now.
func (t *Tx) Rename(renames []gateway.Rename) (int, error) {
	first, again, err := t.sortRenames(renames)
	if err != nil {
		return 0, err
	}
	n, err := t.renameAmong(everything, first)
	if err != nil {
		return 0, err
	}
	late, err := t.renameAmong(living, again)
	return n + late, err
}

// everything is the condition of a first rename, which reads the whole table. A
// repeat looks for what came late among the living, by an index: every start
// of a gateway is a repeat.
const everything = `1 = 1`

func (t *Tx) renameAmong(which string, renames []gateway.Rename) (changed int, err error) {
	for _, group := range grouped(renames) {
		n, err := t.renameGroup(which, group)
		if err != nil {
			return 0, fmt.Errorf("rename %ss: %w", group[0].What, t.dialect.Violated(err))
		}
		changed += int(n)
	}
	return changed, nil
}

// sortRenames returns the renames to make for the first time and those to make
// again, and remembers the given ones for the next call: see
// lifecycle.ResourceTx. Made in this order, no rename changes what another has
// changed.
func (t *Tx) sortRenames(given []gateway.Rename) (first, again []gateway.Rename, err error) {
	before := map[gateway.Rename]bool{}
	err = each(background(), t.run, func(row scanner) error {
		var r gateway.Rename
		err := row.Scan(&r.What, &r.Addon, &r.From, &r.To)
		before[r] = true
		return err
	}, `SELECT what, addon, old_name, new_name FROM renames`)
	if err != nil {
		return nil, nil, fmt.Errorf("read the renames before: %w", err)
	}
	for _, r := range given {
		switch {
		case r.From == r.To:
		case !before[r]:
			first = append(first, r)
		case !isNameNow(r, given):
			again = append(again, r)
		}
	}
	return first, again, t.remember(given, before)
}

// isNameNow reports whether what r calls an old name is the new one of another
// rename.
func isNameNow(r gateway.Rename, given []gateway.Rename) bool {
	return slices.ContainsFunc(given, func(o gateway.Rename) bool {
		return o.What == r.What && o.Addon == r.Addon && o.To == r.From
	})
}

// remember replaces the renames before by the given ones.
func (t *Tx) remember(given []gateway.Rename, before map[gateway.Rename]bool) error {
	for _, r := range given {
		_, err := t.run.Exec(background(), `INSERT INTO renames (what, addon, old_name, new_name) VALUES ($1, $2, $3, $4)
 ON CONFLICT DO NOTHING`, string(r.What), r.Addon, r.From, r.To)
		if err != nil {
			return fmt.Errorf("write a rename: %w", err)
		}
	}
	for r := range before {
		if slices.Contains(given, r) {
			continue
		}
		_, err := t.run.Exec(background(), `DELETE FROM renames WHERE what = $1 AND addon = $2 AND old_name = $3 AND new_name = $4`,
			string(r.What), r.Addon, r.From, r.To)
		if err != nil {
			return fmt.Errorf("forget a rename: %w", err)
		}
	}
	return nil
}

// grouped puts renames together that concern one column of the same resources:
// those of add-ons, then of each add-on's plans, then of backends.
func grouped(renames []gateway.Rename) (groups [][]gateway.Rename) {
	for _, what := range []gateway.Renamed{gateway.RenamedAddon, gateway.RenamedPlan, gateway.RenamedBackend} {
		at := map[string]int{}
		for _, r := range renames {
			if r.What != what {
				continue
			}
			if what != gateway.RenamedPlan {
				r.Addon = ""
			}
			i, ok := at[r.Addon]
			if !ok {
				i = len(groups)
				at[r.Addon], groups = i, append(groups, nil)
			}
			groups[i] = append(groups[i], r)
		}
	}
	return groups
}

// renameGroup changes the rows of one group; it counts those
// of resources. Operations that are over keep the names that they had.
func (t *Tx) renameGroup(which string, group []gateway.Rename) (int64, error) {
	swap, among, args := substitution(group)
	resources := func(swaps, old string) (int64, error) {
		return t.run.Exec(background(), `UPDATE resources SET version = version + 1, `+swaps+` WHERE `+which+` AND `+old, args...)
	}
	switch group[0].What {
	case gateway.RenamedAddon:
		return resources(swap("addon"), among("addon"))
	case gateway.RenamedBackend:
		if err := t.renameLive(swap("backend"), among("backend"), args); err != nil {
			return 0, err
		}
		return resources(swap("backend"), among("backend"))
	}
	args = append(args, group[0].Addon)
	addon := placeholders(len(args), 1)
	err := t.renameLive(swap("plan"), among("plan")+` AND `+addon+` = (SELECT addon FROM resources WHERE id = resource_id)`, args)
	if err != nil {
		return 0, err
	}
	n, err := resources(swap("plan"), `addon = `+addon+` AND `+among("plan"))
	if err != nil {
		return 0, err
	}
	desired, err := resources(swap("desired_plan"), `desired_plan <> '' AND addon = `+addon+` AND `+among("desired_plan"))
	return n + desired, err
}

// renameLive changes the live operations: an index of its own for each state
// finds them.
func (t *Tx) renameLive(swap, old string, args []any) error {
	for _, state := range []string{"pending", "running"} {
		if _, err := t.run.Exec(background(), `UPDATE operations SET `+swap+` WHERE state = '`+state+`' AND `+old, args...); err != nil {
			return err
		}
	}
	return nil
}

// substitution writes "column = the name now" and "column is an old name" for
// all renames of a group at once: no row is changed twice.
func substitution(group []gateway.Rename) (swap, among func(column string) string, args []any) {
	var whens, olds []string
	for _, r := range group {
		args = append(args, r.From, r.To)
		old := placeholders(len(args)-1, 1)
		whens = append(whens, "WHEN "+old+" THEN "+placeholders(len(args), 1))
		olds = append(olds, old)
	}
	swap = func(column string) string {
		return column + " = CASE " + column + " " + strings.Join(whens, " ") + " ELSE " + column + " END"
	}
	among = func(column string) string { return column + " IN (" + strings.Join(olds, ", ") + ")" }
	return swap, among, args
}
