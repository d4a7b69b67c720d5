import { defineConfig } from 'vite';

// Names of files stay the same from build to build: the server tells a browser by their digest whether they have changed, and
// cargo sees that a file which is built into the binary has another content.
export default defineConfig({
  base: './',
  build: {
    outDir: 'dist',
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      output: {
        entryFileNames: 'assets/[name].js',
        chunkFileNames: 'assets/[name].js',
        assetFileNames: 'assets/[name][extname]',
      },
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8087', '/events': 'http://127.0.0.1:8087' } },
});
