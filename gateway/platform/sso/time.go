package sso

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"time"
)

// Timestamp is when a platform says it signed, exactly as it says it: in
// nanoseconds since 1970, without rounding.
type Timestamp struct{ nanoseconds *big.Rat }

// timestampPattern bounds the text too: numbers that long are nobody's clock.
var timestampPattern = regexp.MustCompile(`^[0-9]{1,20}(\.[0-9]{1,20})?$`)

// leastMilliseconds is the first value that is read as milliseconds: as
// seconds it would be the year 5138.
var leastMilliseconds = big.NewRat(1e11, 1)

// ParseTimestamp reads a number of milliseconds, or of seconds where it is
// below 1e11; a decimal fraction is allowed and nothing else is. Who reads
// milliseconds as seconds believes that a sign-on never expires.
func ParseTimestamp(text string) (Timestamp, error) {
	if !timestampPattern.MatchString(text) {
		return Timestamp{}, errors.New("the timestamp is no number")
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return Timestamp{}, errors.New("the timestamp is no number")
	}
	unit := time.Second
	if value.Cmp(leastMilliseconds) >= 0 {
		unit = time.Millisecond
	}
	return Timestamp{value.Mul(value, big.NewRat(int64(unit), 1))}, nil
}

// secondsPattern keeps what is no whole number out: "17e8", "1700000000.5".
var secondsPattern = regexp.MustCompile(`^[0-9]{1,20}$`)

// ParseSeconds reads whole seconds and nothing else. Milliseconds are so far
// ahead that no window admits them.
func ParseSeconds(text string) (Timestamp, error) {
	if !secondsPattern.MatchString(text) {
		return Timestamp{}, errors.New("the timestamp is no whole number of seconds")
	}
	value, _ := new(big.Rat).SetString(text) // digits only: it is a number
	return Timestamp{value.Mul(value, big.NewRat(int64(time.Second), 1))}, nil
}

// before returns how much earlier than now t is; negative when it is ahead.
func (t Timestamp) before(now time.Time) *big.Rat {
	return new(big.Rat).Sub(nanoseconds(now), t.nanoseconds)
}

// nanoseconds avoids UnixNano, whose years end in 2262.
func nanoseconds(t time.Time) *big.Rat {
	whole := new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(int64(time.Second)))
	return new(big.Rat).SetInt(whole.Add(whole, big.NewInt(int64(t.Nanosecond()))))
}

// Window says how far a timestamp may be from our clock, limits included.
type Window struct {
	MaxAge time.Duration
	Skew   time.Duration // how far ahead the platform's clock may be
}

// Check returns nil for a timestamp inside the window, an *ExpiredError for
// one that is too old, and another error for one that lies ahead.
func (w Window) Check(t Timestamp, now time.Time) error {
	age := t.before(now)
	switch {
	case age.Cmp(big.NewRat(int64(w.MaxAge), 1)) > 0:
		return &ExpiredError{Age: asDuration(age)}
	case age.Cmp(big.NewRat(-int64(w.Skew), 1)) < 0:
		return fmt.Errorf("signed %s ahead of our clock", asDuration(age.Neg(age)).Round(time.Second))
	default:
		return nil
	}
}

// Until is the moment from which t is too old. Whoever refuses a second use must
// remember the first one until then.
func (w Window) Until(t Timestamp, now time.Time) time.Time {
	return now.Add(w.MaxAge - asDuration(t.before(now)) + time.Nanosecond) // asDuration rounds
}

// asDuration rounds down to what a time.Duration can hold.
func asDuration(nanoseconds *big.Rat) time.Duration {
	whole := new(big.Int).Quo(nanoseconds.Num(), nanoseconds.Denom())
	if !whole.IsInt64() {
		return 1<<63 - 1
	}
	return time.Duration(whole.Int64())
}

// ExpiredError says how old a timestamp is that is too old.
type ExpiredError struct{ Age time.Duration }

// Error names the age.
func (e *ExpiredError) Error() string { return "signed " + e.Words() + " ago" }

// Words is the age as a person says it: "11 minutes".
func (e *ExpiredError) Words() string {
	for _, unit := range []struct {
		name   string
		length time.Duration
		from   time.Duration
	}{
		{"day", 24 * time.Hour, 48 * time.Hour},
		{"hour", time.Hour, 2 * time.Hour},
		{"minute", time.Minute, time.Minute},
		{"second", time.Second, 0},
	} {
		if e.Age < unit.from {
			continue
		}
		if n := int64(e.Age / unit.length); n != 1 {
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
		return "1 " + unit.name
	}
	return "some time"
}
