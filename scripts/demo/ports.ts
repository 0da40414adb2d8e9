import { createServer } from 'node:net'

const isFree = (port: number): Promise<boolean> =>
  new Promise((settle, fail) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') settle(false)
      else fail(error)
    })
    probe.listen(port, 'localhost', () => probe.close(() => settle(true)))
  })

/** @throws Error that says which variable to change when something else listens on the port */
export async function requireFreePort(port: number, name: string, variable: string): Promise<void> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`${variable} must be a port number`)
  if (await isFree(port)) return
  throw new Error(
    `Port ${port}, which ${name} needs, is taken. Stop what runs there, or choose another: ${variable}=${port + 10} npm run demo`,
  )
}
