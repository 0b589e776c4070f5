// Every call of the API that the page makes. The token is in this module's memory and nowhere else.

const CALLS = {
  list: ["GET", "/v1/workspaces"],
  create: ["POST", "/v1/workspaces"],
  read: ["GET", "/v1/workspaces/{name}"],
  remove: ["DELETE", "/v1/workspaces/{name}"],
  suspend: ["POST", "/v1/workspaces/{name}/suspend"],
  resume: ["POST", "/v1/workspaces/{name}/resume"],
  validate: ["POST", "/v1/validate"],
  room: ["GET", "/v1/room"],
  models: ["GET", "/v1/models"],
};
const PATIENCE = 20_000;
// Seconds that a request waits for by itself, where the API has asked to be left alone.
const LONGEST_WAIT = 15;

let token = "";
let notBefore = 0;
let ended = () => {};

/** What the API answers when it does not do what it was asked: RFC 9457. */
export class Problem extends Error {
  constructor(status, written, retryAfter = 0) {
    super(written.detail || written.title || "");
    this.status = status;
    this.title = written.title || `The API answers ${status}`;
    this.detail = written.detail || "";
    this.code = (written.type || "").split(":").pop();
    this.findings = Array.isArray(written.findings) ? written.findings : [];
    this.instance = written.instance || "";
    this.retryAfter = retryAfter;
  }
}

/** Takes a token. `over` is called with a problem when the API no longer knows it. */
export function begin(text, over) {
  token = text;
  ended = over;
}

/** Forgets the token. */
export function end() {
  token = "";
  ended = () => {};
}

/** Makes a call; `null` where the version that `tag` names has not changed. */
export async function ask(call, { name = "", query = {}, body, tag } = {}) {
  await allowed();
  const [method, template] = CALLS[call];
  const path = template.replace("{name}", encodeURIComponent(name));
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  const headers = { Accept: "application/json", Authorization: `Bearer ${token}` };
  // A deletion says its length too: what does not is read whole on its way, a few at a time.
  if (method === "DELETE") body = {};
  if (body) headers["Content-Type"] = "application/json";
  if (tag) headers["If-None-Match"] = tag;
  const by = token;
  const response = await sent(asked.size ? `${path}?${asked}` : path, {
    method,
    headers,
    body: body && JSON.stringify(body),
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    referrerPolicy: "no-referrer",
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (response.status === 304) return null;
  const read = await response.json().catch(() => ({}));
  if (response.ok) return { value: read, tag: response.headers.get("ETag") };
  const problem = new Problem(response.status, read, seconds(response));
  if (problem.retryAfter) notBefore = Date.now() + problem.retryAfter * 1000;
  if (problem.status === 401 && by === token) ended(problem);
  throw problem;
}

async function sent(path, request) {
  try {
    return await fetch(path, request);
  } catch (error) {
    const detail = error.name === "TimeoutError"
      ? "It took too long. Whether it was done, the list says."
      : "Look whether you are online, and try again.";
    throw new Problem(0, { title: "The API cannot be reached", detail });
  }
}

function seconds(response) {
  const said = Number(response.headers.get("Retry-After"));
  return Number.isFinite(said) && said > 0 ? said : 0;
}

/** Waits as long as the API has asked for. */
async function allowed() {
  const wait = notBefore - Date.now();
  if (wait <= 0) return;
  if (wait > LONGEST_WAIT * 1000) {
    const left = Math.ceil(wait / 1000);
    const written = { title: "The API is busy", detail: "It has asked to be left alone." };
    throw new Problem(503, written, left);
  }
  await new Promise((resolve) => { setTimeout(resolve, wait); });
}
