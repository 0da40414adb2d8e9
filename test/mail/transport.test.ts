import { registerHooks } from 'node:module'
import { expect, onTestFinished, test } from 'vitest'
import { createSmtpTransport } from '../../src/mail/transport.ts'

test('a mailer that could not be loaded is loaded again with the next message', async () => {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'nodemailer') throw new Error('the file of it is gone')
      return next(specifier, context)
    },
  })
  onTestFinished(() => hooks.deregister())
  // Nobody listens there.
  const transport = createSmtpTransport('smtp://127.0.0.1:1')
  onTestFinished(() => transport.close())
  await expect(transport.check()).rejects.toThrow('the file of it is gone')
  hooks.deregister()
  await expect(transport.check()).rejects.toThrow('ECONNREFUSED')
})
