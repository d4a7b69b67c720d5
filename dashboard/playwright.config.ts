/** Tests of the page in a browser, against an engine that is running: LIGHTWATCH_URL. The browser is the system's: CHROMIUM. */
import { defineConfig } from '@playwright/test';

const url = process.env['LIGHTWATCH_URL'];
if (url === undefined) throw new Error('LIGHTWATCH_URL is not set: `cargo test --test it page` starts an engine and this');

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['line']],
  use: {
    baseURL: url,
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    colorScheme: 'dark',
    launchOptions: {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      // No graphics card in a test: WebGL by software. Root in a container has no sandbox to be in.
      args: ['--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--no-sandbox'],
    },
  },
});
