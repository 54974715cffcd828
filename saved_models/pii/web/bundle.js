// A bundle as a page sees it: its manifest, what the model learned, and its files, each proven by its SHA-256.

/** The folder of a bundle, a URL with / at its end -> its manifest, with `learned`, {name: [entries]}. */
export async function open(folder) {
  const manifest = await (await get(`${folder}manifest.json`)).json();
  manifest.learned = {};
  for (const [path, digest] of Object.entries(manifest.sha256)) {
    const name = /^learned\/(\w+)\.txt$/.exec(path);
    if (name) {
      const text = new TextDecoder().decode(await proven(folder, path, digest));
      manifest.learned[name[1]] = text.split("\n").slice(0, -1);
    }
  }
  return manifest;
}

/** The bytes of a file. Throws an Error where it is not the one that was proven. */
export async function proven(folder, path, digest) {
  const content = new Uint8Array(await (await get(folder + path)).arrayBuffer());
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  if ([...found].map((byte) => byte.toString(16).padStart(2, "0")).join("") !== digest) {
    throw new Error(`${path} is not the file that was proven: its SHA-256 differs. Export the model again`);
  }
  return content;
}

async function get(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`cannot load ${url}: ${response.status} ${response.statusText}`);
  return response;
}
