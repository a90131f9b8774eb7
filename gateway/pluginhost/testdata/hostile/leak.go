package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// written lists how secret may be written.
func written(secret string) []string {
	quoted, _ := json.Marshal(secret)
	return []string{
		secret, strconv.Quote(secret), string(quoted), url.QueryEscape(secret), url.PathEscape(secret), url.UserPassword("user", secret).String(),
		strings.ToLower(url.QueryEscape(secret)), strings.ReplaceAll(url.QueryEscape(secret), "+", "%20"), hex.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte("user:" + secret)), base64.StdEncoding.EncodeToString([]byte("user1:" + secret + "@host")),
		base64.URLEncoding.EncodeToString([]byte("user22:" + secret + "\n")), strings.ReplaceAll(secret, " ", "\t"),
	}
}

// leak says the secrets everywhere, and ends in the way that none of the others
// does.
func (s *server) leak(password string, events stream) error {
	for _, secret := range []string{password, s.password} {
		for _, text := range written(secret) {
			raw(2, text+"\n")
			raw(2, `{"msg":`+strconv.Quote(text)+`,`+strconv.Quote(text)+`:[`+strconv.Quote(text)+"]}\n")
			fmt.Println(text)
			fmt.Fprintln(os.Stderr, text)
			for _, send := range []func() error{
				func() error { return events.Send(logged(text)) },
				func() error { return events.Send(progress(text)) },
				func() error { return events.Send(checkpoint(text, "")) },
			} {
				if err := send(); err != nil {
					return err
				}
			}
		}
	}
	raw(2, "{\"msg\":\"all told\"}\n")
	all := strings.Join(append(written(password), written(s.password)...), " ")
	if strings.Contains(password, "fail") {
		return events.Send(failure(all))
	}
	return fmt.Errorf("%s", all)
}
