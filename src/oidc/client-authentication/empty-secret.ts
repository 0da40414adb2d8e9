import type { IncomingMessage } from 'node:http'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { basicCredentials } from '../events/without-secrets.ts'

type Chunks = AsyncIterable<Buffer>
type Iterate = (options?: object) => Chunks

/** Bytes: the library reads no more of a request body, and rejects a longer one. */
const MAX_BODY = 56 * 1024

/**
 * A public client that sends a Basic header with an empty secret shows no secret: it only says who it is (RFC 6749 §2.3.1 lets an
 * empty one be left out). Libraries do so that have one way to send a client_id. The library refuses the header before it looks whose
 * it is; so the client_id goes where a public client has it, into the body. Of a client that has a secret, nothing is changed.
 * @param isApiCredential an API has a secret, always (api-credentials.ts)
 */
export function takeEmptySecrets(provider: Provider, isApiCredential: (id: string) => boolean): void {
  provider.use(async (ctx, next) => {
    const { req } = ctx as KoaContextWithOIDC
    const { authorization } = req.headers
    const sent =
      req.method === 'POST' && mayBeEmpty(authorization) ? basicCredentials(authorization) : undefined
    if (
      sent?.secret === '' &&
      sent.id !== '' &&
      !isApiCredential(sent.id) &&
      (await mayBePublic(provider, sent.id))
    )
      moveToBody(req, sent.id)
    await next()
  })
}

/** Almost every header has a secret behind its colon, and is not taken apart. */
const mayBeEmpty = (authorization: string | undefined): boolean =>
  authorization !== undefined &&
  /^(?![^:]*:.)/s.test(Buffer.from(authorization.slice('basic '.length), 'base64').toString('latin1'))

/**
 * Whether no secret is expected of a client; true also when its look-up fails. The library does not handle errors yet at this point: it
 * looks the client up again, by the client_id in the body, and answers that failure.
 */
async function mayBePublic(provider: Provider, id: string): Promise<boolean> {
  try {
    return (await provider.Client.find(id))?.clientAuthMethod === 'none'
  } catch {
    return true
  }
}

/** Another client_id in the body stays beside it, and is refused as one that was sent twice. */
function moveToBody(req: IncomingMessage, clientId: string): void {
  const iterate: Iterate = req.iterator.bind(req)
  // The body grows by the client_id.
  req.headers['transfer-encoding'] = 'chunked'
  delete req.headers['content-length']
  delete req.headers.authorization
  const iterator: Iterate = (options) => extended(iterate(options), clientId)
  Object.assign(req, { iterator })
}

async function* extended(chunks: Chunks, clientId: string): AsyncGenerator<Buffer> {
  const read: Buffer[] = []
  let length = 0
  for await (const chunk of chunks) {
    read.push(chunk)
    length += chunk.length
    yield chunk
    if (length > MAX_BODY) return
  }
  const body = new URLSearchParams(Buffer.concat(read).toString())
  if (body.getAll('client_id').join() === clientId) return
  yield Buffer.from(`&${new URLSearchParams({ client_id: clientId })}`)
}
