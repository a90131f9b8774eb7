package sso

import (
	"encoding/hex"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
)

// The value is vector S1 of Scalingo and the salt its document's sample.
func TestATokenCoversIdSaltAndTimestampInThisOrder(t *testing.T) {
	got := hex.EncodeToString(Token("addon-id-1", "esidTavOnreboudWavwoadBildyon3", "1699999990"))
	if got != "812f8707b4b0c28be22b3678c62d4ba9616a71b4" {
		t.Errorf("token %s", got)
	}
}

func TestSecondsAreWholeAndNothingElse(t *testing.T) {
	w := Window{MaxAge: 5 * time.Minute, Skew: time.Minute}
	for text, good := range map[string]bool{
		"1700000000": true, "1699999700": true, "1699999699": false, "1700000060": true, "1700000061": false,
		"1699999990000": false, "1.69999999e+09": false, "17e8": false, "1700000000.5": false, "+1700000000": false, "": false,
		"-1": false, " 1700000000": false, "1700000000\n": false, "999999999999999999999": false,
	} {
		stamp, err := ParseSeconds(text)
		if err == nil {
			err = w.Admit(stamp, now)
		}
		if (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestOldSignOnsAreToldTheirAgeAndForgedOnesNothing(t *testing.T) {
	w := Window{MaxAge: 5 * time.Minute, Skew: time.Minute}
	for text, want := range map[string]string{
		"1699999340": "This link is 11 minutes old; open the add-on again from your dashboard.",
		"1700000400": "This link does not work. Open the add-on from your dashboard.",
	} {
		stamp, err := ParseSeconds(text)
		if err != nil {
			t.Fatal(err)
		}
		err = w.Admit(stamp, now)
		if gateway.KindOf(err) != gateway.Unauthorized || gateway.Message(err) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAQueryIsReadLikeAForm(t *testing.T) {
	form, err := ReadQuery(httptest.NewRequest("GET", "/sso?id=res%2B1&timestamp=1+2&utm=x&utm=y", nil), "id", "timestamp", "token")
	if err != nil || form["id"] != "res+1" || form["timestamp"] != "1 2" || form.Has("token") || form.Has("utm") {
		t.Errorf("%v, %v", form, err)
	}
	for _, query := range []string{"id=a&id=a", "id=%ff", "id=a%00", "id=%zz", "id=a;token=b"} {
		if form, err := ReadQuery(httptest.NewRequest("GET", "/sso?"+query, nil), "id", "token"); err == nil {
			t.Errorf("%s gives %v", query, form)
		}
	}
}
