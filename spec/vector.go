package spec

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Vector is one sign-on and what must become of it, at a moment that is given.
type Vector struct {
	Name string `json:"name"` // as the documents number it: "C16"
	Says string `json:"says"` // what it is about
	Salt string `json:"salt"`
	Now  string `json:"now"`  // seconds since 1970
	Body string `json:"body"` // as it is sent

	// ContentType is what Body says it is; SSOVectors fills in a form's.
	ContentType string `json:"content_type"`

	// Query is that of the URL, where the sign-on is a GET; Body is empty then.
	Query string `json:"query"`

	// AcceptedBy lists the generations of the platform's API in which the
	// sign-on succeeds, or the ways in which a provider may be set up; empty:
	// none.
	AcceptedBy []string `json:"accepted_by"`

	// Who it is for, where it succeeds.
	Resource      string `json:"resource"` // the provider's id; empty: as in Body
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	UserID        string `json:"user_id"`
	NavData       string `json:"nav_data"`
}

// Time is the moment at which the sign-on arrives.
func (v Vector) Time() (time.Time, error) {
	seconds, err := strconv.ParseInt(v.Now, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("vector %s: %w", v.Name, err)
	}
	return time.Unix(seconds, 0), nil
}

// SSOVectors returns the sign-ons of a platform's sso.vectors.json.
func SSOVectors(platform string) ([]Vector, error) {
	text, err := File(platform, "sso.vectors.json")
	if err != nil {
		return nil, err
	}
	var vectors []Vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		return nil, fmt.Errorf("read vectors of %s: %w", platform, err)
	}
	for i := range vectors {
		vectors[i].ContentType = cmp.Or(vectors[i].ContentType, "application/x-www-form-urlencoded")
	}
	return vectors, nil
}
