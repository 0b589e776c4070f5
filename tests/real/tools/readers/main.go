// Readers prints, for each YAML file named on standard input, the value that two readers of the Go world see in it, as one line of JSON.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	yamlv3 "gopkg.in/yaml.v3"
	kubernetes "sigs.k8s.io/yaml"
)

// reading is what one reader saw: the documents of a file, or why it refused it.
type reading struct {
	Documents []any  `json:"documents"`
	Error     string `json:"error,omitempty"`
}

// line is one line of output.
type line struct {
	Path       string  `json:"path"`
	Kubernetes reading `json:"kubernetes"`
	V3         reading `json:"v3"`
}

// readKubernetes reads as kubectl does: strictly, through JSON, one document after the other.
func readKubernetes(text []byte) (out reading) {
	for _, document := range bytes.Split(append([]byte("\n"), text...), []byte("\n---")) {
		asJSON, err := kubernetes.YAMLToJSONStrict(document)
		if err != nil {
			return reading{Error: err.Error()}
		}
		decoder := json.NewDecoder(bytes.NewReader(asJSON))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			return reading{Error: err.Error()}
		}
		if value != nil {
			out.Documents = append(out.Documents, value)
		}
	}
	return out
}

// readV3 reads with yaml.v3, the reader of most programs that are not Kubernetes itself.
func readV3(text []byte) (out reading) {
	decoder := yamlv3.NewDecoder(bytes.NewReader(text))
	for {
		var value any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			return reading{Error: err.Error()}
		}
		if value != nil {
			out.Documents = append(out.Documents, plain(value))
		}
	}
}

// plain makes a value that JSON can hold; what JSON has no form for (a date, a key that is no string) stays visible as a marked string.
func plain(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			value[key] = plain(inner)
		}
		return value
	case map[any]any:
		out := map[string]any{}
		for key, inner := range value {
			if text, ok := key.(string); ok {
				out[text] = plain(inner)
			} else {
				out[fmt.Sprintf("!%T %v", key, key)] = plain(inner)
			}
		}
		return out
	case []any:
		for at, inner := range value {
			value[at] = plain(inner)
		}
		return value
	case time.Time:
		return "!date " + value.String()
	default:
		return value
	}
}

func main() {
	names := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for names.Scan() {
		text, err := os.ReadFile(names.Text())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		if err := encoder.Encode(line{names.Text(), readKubernetes(text), readV3(text)}); err != nil {
			fmt.Fprintln(os.Stderr, names.Text(), err)
			os.Exit(2)
		}
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
