import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { readForm } from '../../../src/oidc/fast-paths/form.ts'
import { buildHttpApp } from '../../http/http-app.ts'
import { eventually } from '../../support/eventually.ts'

test('a form whose connection is lost before it is read is no form, and its request ends', async () => {
  const lines: string[] = []
  const { promise: asked, resolve: arrived } = Promise.withResolvers<void>()
  let form: unknown = 'none yet'
  const app = await buildHttpApp({
    log: (line) => lines.push(line),
    async direct({ raw }) {
      const { promise: lost, resolve } = Promise.withResolvers<void>()
      raw.once('close', () => resolve())
      arrived()
      await lost
      form = await readForm(raw)
      return undefined
    },
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  const head = ['POST /direct HTTP/1.1', 'host: a', 'content-type: application/x-www-form-urlencoded']
  socket.write(`${[...head, 'content-length: 9'].join('\r\n')}\r\n\r\na=b`)
  await asked
  socket.destroy()
  await eventually(() => lines.some((line) => JSON.parse(line).msg === 'request aborted by the client'))
  expect(form).toBeUndefined()
  await app.close()
})
