package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	client "github.com/redis/go-redis/v9"
)

// Redis has no comments on users. What ours carry instead are two channels that
// nobody uses: whose they are, and until when a customer's data is kept. They
// change in one step with the rest of the rules and are saved with them.
const (
	resourceMark = "addongw:resource:"
	purgeMark    = "addongw:purge-after:"
)

// aclUser is a user as the server has it.
type aclUser struct {
	on         bool
	resource   string    // "": it is not ours
	purgeAfter time.Time // zero: it is not only kept
}

// getUser reads the answer of ACL GETUSER, names and values in turn.
func getUser(ctx context.Context, admin *client.Client, name string) (aclUser, bool, error) {
	answer, err := admin.Do(ctx, "ACL", "GETUSER", name).Slice()
	if errors.Is(err, client.Nil) {
		return aclUser{}, false, nil
	}
	if err != nil {
		return aclUser{}, false, err
	}
	var user aclUser
	for n := 0; n+1 < len(answer); n += 2 {
		switch answer[n] {
		case "flags":
			flags, _ := answer[n+1].([]any)
			for _, flag := range flags {
				user.on = user.on || flag == "on"
			}
		case "channels":
			user.readMarks(fmt.Sprint(answer[n+1]))
		}
	}
	return user, true, nil
}

func (u *aclUser) readMarks(channels string) {
	for channel := range strings.FieldsSeq(channels) {
		if id, ours := strings.CutPrefix(channel, "&"+resourceMark); ours {
			u.resource = id
		}
		if date, kept := strings.CutPrefix(channel, "&"+purgeMark); kept {
			if until, err := time.Parse(time.RFC3339, date); err == nil {
				u.purgeAfter = until.UTC()
			}
		}
	}
}

// openUser is the name of a user that anybody can log in as; "" if there is none.
func openUser(ctx context.Context, admin *client.Client) (string, error) {
	users, err := admin.Do(ctx, "ACL", "LIST").StringSlice() // lines such as in the ACL file
	if err != nil {
		return "", err
	}
	for _, line := range users {
		words := strings.Fields(line)
		if len(words) > 1 && slices.Contains(words, "on") && slices.Contains(words, "nopass") {
			return words[1], nil
		}
	}
	return "", nil
}
