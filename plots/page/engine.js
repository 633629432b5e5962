/* The rooms of the program, as WebAssembly, and the data files that stand in this page. */
const engine = (() => {
  const encoder = new TextEncoder(), decoder = new TextDecoder();
  const files = [...document.querySelectorAll('script[data-file]')].map(
    (element) => ({ path: element.dataset.file, text: 'text' in element.dataset ? JSON.parse(element.textContent) : element.textContent }));
  let room = null;

  function put(text) {
    const bytes = encoder.encode(text + '\0');
    const at = room.room(bytes.length);
    new Uint8Array(room.memory.buffer).set(bytes, at);
    return [at, bytes.length - 1];
  }

  function take(at) {
    const bytes = new Uint8Array(room.memory.buffer);
    return decoder.decode(bytes.subarray(at, bytes.indexOf(0, at)));
  }

  async function open() {
    const text = atob(document.getElementById('engine').textContent);
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    const { instance } = await WebAssembly.instantiate(bytes, {});
    room = instance.exports;
    for (const file of files) {
      const [path] = put(file.path), [content, length] = put(file.text);
      room.add_file(path, content, length);
    }
  }

  /* The answer to a question of gable.page/1; throws with the reason when it is refused. */
  function ask(question) {
    const [at, length] = put(JSON.stringify(question));
    const status = room.ask(at, length), text = take(room.answer_text());
    if (status !== 0) throw new Error(text);
    return JSON.parse(text);
  }

  /* Parsed descriptions of a folder: [{name, path, value}]. */
  function describe(folder) {
    return files.filter((file) => file.path.startsWith(folder + '/') && file.path.endsWith('.json')).map((file) => {
      const name = file.path.slice(folder.length + 1).replace(/\.json$/, '');
      return { name, path: file.path, value: JSON.parse(file.text) };
    });
  }
  return { open, ask, describe };
})();
