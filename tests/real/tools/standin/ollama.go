// Ollama: a server that writes its key at home, and whose pulls ask the registry for a connection.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func ollama(arguments []string) int {
	if len(arguments) != 1 || arguments[0] != "serve" {
		fail("ollama %v is not stood in for", arguments)
	}
	models := environment("OLLAMA_MODELS", "/root/.ollama/models")
	write(filepath.Join(environment("HOME", "/root"), ".ollama/id_ed25519"), "key")
	write(filepath.Join(models, "blobs/started"), "")
	file := func(model string) string {
		name := strings.NewReplacer("/", "_", ":", "_").Replace(model)
		return filepath.Join(models, "manifests", name)
	}
	// Of a model that is there, what it can do; the tree's scripts look for one that writes text.
	show := func(model string) (int, any) {
		if _, err := os.Stat(file(model)); err != nil {
			return http.StatusNotFound, map[string]string{"error": "model '" + model + "' not found"}
		}
		return http.StatusOK, map[string][]string{"capabilities": {"completion", "tools"}}
	}
	pull := func(model string) (int, any) {
		if !reaches("registry.ollama.ai:443") {
			return http.StatusInternalServerError, map[string]string{"error": "pull model manifest: no connection"}
		}
		write(file(model), "{}")
		return http.StatusOK, map[string]string{"status": "success"}
	}
	http.HandleFunc("POST /api/show", asked(show))
	http.HandleFunc("POST /api/pull", asked(pull))
	serve(environment("OLLAMA_HOST", "127.0.0.1:11434"), map[string]func() bool{"/": yes, "/api/version": yes, "/api/tags": yes})
	return untilAsked()
}

// Whether a host outside answers, through the proxy where the environment names one, as a Go program
// like the real one asks.
func reaches(host string) bool {
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: host}})
	if err != nil {
		fail("%v", err)
	}
	if proxy == nil {
		return answers(host)
	}
	connection, err := net.DialTimeout("tcp", proxy.Host, 2*time.Second)
	if err != nil {
		fmt.Fprintln(os.Stderr, "proxy:", err)
		return false
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintf(connection, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", host, host)
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil || answer.StatusCode != http.StatusOK {
		fmt.Fprintln(os.Stderr, "proxy:", answer, err)
		return false
	}
	return true
}

// A handler of a question that names a model.
func asked(answer func(model string) (int, any)) http.HandlerFunc {
	return func(out http.ResponseWriter, request *http.Request) {
		var question struct{ Model string }
		if err := json.NewDecoder(request.Body).Decode(&question); err != nil || question.Model == "" {
			http.Error(out, "no model is named", http.StatusBadRequest)
			return
		}
		status, said := answer(question.Model)
		text, err := json.Marshal(said)
		if err != nil {
			fail("%v", err)
		}
		out.Header().Set("Content-Type", "application/json; charset=utf-8")
		out.WriteHeader(status)
		out.Write(text)
	}
}
