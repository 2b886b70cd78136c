"use strict";
(() => {
  const KEY = "tocsin-token";
  const field = document.getElementById("token");
  const state = document.getElementById("state");
  const url = new URL("/graphql", location.href);
  const live = new URL(url);
  live.protocol = url.protocol === "https:" ? "wss:" : "ws:";

  const token = () => sessionStorage.getItem(KEY) || "";
  const authorization = () => (token() ? { Authorization: `Bearer ${token()}` } : {});
  const say = (text) => { state.textContent = text; };

  const client = graphqlWs.createClient({
    url: live.href,
    connectionParams: authorization,
    // A token that was refused is refused again; anything else is tried anew.
    shouldRetry: (event) => event.code !== 4403,
    on: {
      connected: () => say("connected"),
      closed: (event) => say(event.code === 1000 ? "" : event.reason || "disconnected"),
    },
  });

  field.value = token();
  field.addEventListener("input", () => {
    sessionStorage.setItem(KEY, field.value.trim());
    client.terminate();
  });

  const fetcher = GraphiQL.createFetcher({
    url: url.href,
    wsClient: client,
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...authorization() } }),
  });
  const defaultQuery =
    "# Ctrl-Enter runs, Ctrl-Space completes. Enter an API token above, or sign in by signIn.\n" +
    "query Monitors {\n  monitors(first: 20, orderBy: STATUS_DESC) {\n    nodes { name status target }\n  }\n}\n";
  // What is typed ends with the tab, like the token.
  const ide = React.createElement(GraphiQL, { fetcher, defaultQuery, storage: sessionStorage, isHeadersEditorEnabled: false });
  ReactDOM.createRoot(document.getElementById("ide")).render(ide);
})();
