/** How long an answer may take, in milliseconds: a person waits for it. */
const TIMEOUT = 2000
/** The most that is read of an answer, in bytes. With padding, an honest one has about 40,000. */
const MAX_BODY = 512 * 1024
const PREFIX = 5

/**
 * Asks a range service whether a password is known (the API of Pwned Passwords): it is told the first 5 hexadecimal characters of
 * the SHA-1, answers with all hashes that begin so, and never learns which one was meant (k-anonymity). Padding hides how
 * many there are; what was padded has been seen 0 times.
 * @param sha1 20 bytes
 * @throws Error when there is no answer, or none that can be understood; without the password or its hash in it
 */
export async function askRangeService(
  sha1: Buffer,
  { url, fetch }: { url: string; fetch: typeof globalThis.fetch },
): Promise<boolean> {
  const hash = sha1.toString('hex').toUpperCase()
  const response = await fetch(new URL(hash.slice(0, PREFIX), url), {
    signal: AbortSignal.timeout(TIMEOUT),
    headers: { 'add-padding': 'true', 'user-agent': 'Latchkey', accept: 'text/plain' },
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the service answered with status ${response.status}`)
  }
  const text = await bounded(response)
  const lines = text.split(/\r?\n/).filter(Boolean)
  if (!lines.every((line) => /^[0-9A-F]{35}:\d+$/i.test(line)))
    throw new Error('the service answered with something that is no list of hashes')
  const wanted = `${hash.slice(PREFIX)}:`
  const found = lines.find((line) => line.toUpperCase().startsWith(wanted))
  return found !== undefined && Number(found.slice(wanted.length)) > 0
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_BODY) throw new Error(`the service's answer is longer than ${MAX_BODY} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('latin1')
}
