// The story of a bot in Go, posted to `livestory listen`; the standard library, nothing else.
//
//	livestory listen --symbol BTC/USDT &
//	go run examples/listen_go.go
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// Input is what livestory takes; see docs/tell.md for the fields of each kind.
type Input map[string]any

// Teller posts inputs in order from a goroutine of its own, so that the bot never waits for it.
type Teller struct {
	waiting chan Input
	done    chan struct{}
	client  http.Client
	url     string
	token   string
}

func NewTeller() *Teller {
	url := os.Getenv("STORY_URL")
	if url == "" {
		url = "http://127.0.0.1:8731/tell"
	}
	teller := &Teller{
		waiting: make(chan Input, 10_000),
		done:    make(chan struct{}),
		client:  http.Client{Timeout: 5 * time.Second},
		url:     url,
		token:   os.Getenv("LIVESTORY_LISTEN_TOKEN"),
	}
	go teller.work()
	return teller
}

// Tell hands over an input. It needs an id: sent again with the same one, it is told once.
func (t *Teller) Tell(input Input) {
	select {
	case t.waiting <- input:
	default:
		fmt.Fprintln(os.Stderr, "not told: too many inputs wait")
	}
}

// Close waits until everything is told.
func (t *Teller) Close() {
	close(t.waiting)
	<-t.done
}

func (t *Teller) work() {
	defer close(t.done)
	for input := range t.waiting {
		body, err := json.Marshal(input)
		if err != nil {
			fmt.Fprintln(os.Stderr, "not told:", err)
			continue
		}
		for pause := 100 * time.Millisecond; ; {
			answer, err := t.post(body)
			if err == nil {
				fmt.Println(answer)
				break
			}
			fmt.Fprintln(os.Stderr, "not told yet:", err)
			time.Sleep(pause)
			if pause < 5*time.Second {
				pause *= 2
			}
		}
	}
}

func (t *Teller) post(body []byte) (string, error) {
	request, err := http.NewRequest(http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	if t.token != "" {
		request.Header.Set("Authorization", "Bearer "+t.token)
	}
	response, err := t.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusBadRequest {
		return "", errors.New(response.Status)
	}
	return string(answer), nil
}

func main() {
	story := NewTeller()
	start := time.Date(2024, 12, 3, 15, 0, 0, 0, time.UTC)
	story.Tell(Input{"input": "started", "id": "go-start", "time": start, "wealth": "1000"})
	for bar, price := range []string{"96500.1", "96810", "97310"} {
		at := start.Add(time.Duration(bar+1) * 15 * time.Minute)
		if side := map[int]string{0: "buy", 2: "sell"}[bar]; side != "" {
			story.Tell(Input{
				"input": "fill", "id": fmt.Sprint("go-fill-", bar), "time": at, "side": side,
				"quantity": "0.004", "price": price, "reason": "the bar says so",
			})
		}
		story.Tell(Input{"input": "observation", "id": fmt.Sprint("go-", at.Unix()), "time": at, "wealth": 1000 + 4*bar, "price": price})
	}
	story.Tell(Input{"input": "stopped", "id": "go-stop", "time": start.Add(time.Hour), "reason": "the example ended"})
	story.Close()
}
