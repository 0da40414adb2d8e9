import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { requireFreePort } from '../../scripts/demo/ports.ts'
import { freePort } from '../support/ports.ts'

test('a taken port is named together with the way out', async () => {
  const port = await freePort()
  await requireFreePort(port, 'Latchkey', 'PORT')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve))
  const refused = requireFreePort(port, 'Latchkey', 'PORT')
  await expect(refused).rejects.toThrow(`Port ${port}, which Latchkey needs, is taken`)
  await expect(refused).rejects.toThrow(`PORT=${port + 10} npm run demo`)
  await new Promise((resolve) => server.close(resolve))
})

test.each(['PORT', 'DEMO_APP_PORT'])('%s must be a port', async (variable) => {
  await expect(requireFreePort(Number('many'), 'it', variable)).rejects.toThrow(
    `${variable} must be a port number`,
  )
})
