#!/bin/sh
# Makes classes from the WSDLs at LINTAS_URL with wsimport, compiles the client, runs it once per SOAP version.
# Usage: run.sh <work folder>. Needs a JDK and the package libjaxws-java.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$1
jars=/usr/share/java/jaxws-rt.jar:/usr/share/java/jaxws-tools.jar:/usr/share/java/ant.jar
mkdir -p "$work/source" "$work/classes"
for service in coverage.lookup letter.deliver; do
    java -cp "$jars" com.sun.tools.ws.WsImport -quiet -extension -Xnocompile -s "$work/source" "$LINTAS_URL/soap/$service?wsdl" >&2
done
find "$work/source" -name '*.java' -exec javac -nowarn -encoding UTF-8 -cp "$jars" -d "$work/classes" {} +
javac -nowarn -encoding UTF-8 -cp "$work/classes:$jars" -d "$work/classes" "$here/Client.java"
for version in 1.1 1.2; do
    LINTAS_SOAP=$version java -Dfile.encoding=UTF-8 -cp "$work/classes:$jars" Client
done
